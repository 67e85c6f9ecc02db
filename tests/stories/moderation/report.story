# A report of what one can see reaches the moderators, and its end reaches who made it
ann, bob, mod connect
operator runs moderation grant {"name": "mod"}
ann says "buy now" to bob as m1
bob sends report.create {"chatId": "${m1.chatId}", "seq": "${m1.seq}", "reason": "spam"} as r
mod gets report.created {"reportId": "${r.reportId}", "reason": "spam"}
mod sends report.list {}
mod gets ok {"reports": [{"userId": "${ann}", "reporterId": "${bob}", "content": {"text": "buy now"}}]}
ann sends report.list {}
ann gets error forbidden
mod sends report.resolve {"reportId": "${r.reportId}", "resolution": "resolved"}
bob gets report.resolved exactly {"reportId": "${r.reportId}", "resolution": "resolved"}
ann gets nothing
