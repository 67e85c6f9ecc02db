# Mentions arrive with the message and stay in history
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}", "${cid}"]} as g
ann sends chat.send {"chatId": "${g.chatId}", "type": "text", "content": {"text": "@bob"}, "mentions": ["${bob}"]}
bob, cid get chat.message {"mentions": ["${bob}"]}
cid sends chat.history {"chatId": "${g.chatId}", "after": 1}
cid gets ok {"entries": [{"seq": 2, "mentions": ["${bob}"]}]}
