# A message one can't see can't be reported, and looks like none
ann, bob, eve connect
ann says "secret" to bob as m1
eve sends report.create {"chatId": "dnothing", "seq": 1, "reason": "spam"}
eve gets error not_found
eve sends report.create {"chatId": "${m1.chatId}", "seq": "${m1.seq}", "reason": "spam"}
eve gets the same
