# A message to a group reaches each member once
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}", "${cid}"]} as g
ann, bob, cid forget
bob says "dinner" in ${g.chatId} as m1
ann, cid get chat.message {"chatId": "${g.chatId}", "seq": "${m1.seq}", "content": {"text": "dinner"}}
ann, bob, cid get nothing
