# a forwarded message says who wrote it first
ann, bob, cid connect
ann says "the door code changed" to bob as m1
ann, bob, cid forget
bob sends  chat.forward {"receiverId": "${cid}", "from": {"chatId": "${m1.chatId}", "seq": "${m1.seq}"}, "clientMsgId": "f1"} as f1
cid gets   chat.message {"senderId": "${bob}", "content": {"text": "the door code changed"}, "forwardedFrom": {"senderId": "${ann}", "at": "${m1.sentAt}"}}
ann gets nothing
bob sends  chat.forward {"receiverId": "${cid}", "from": {"chatId": "${m1.chatId}", "seq": "${m1.seq}"}, "clientMsgId": "f1"}
bob gets   ok {"seq": "${f1.seq}", "duplicate": true}
cid gets nothing
