# nobody forwards out of a chat they are not in
ann, bob, eve connect
ann says "secret" to bob as m1
eve sends  chat.forward {"receiverId": "${eve}", "from": {"chatId": "${m1.chatId}", "seq": 1}, "clientMsgId": "f1"}
eve gets error not_found
eve sends  chat.forward {"receiverId": "${eve}", "from": {"chatId": "nowhere", "seq": 1}, "clientMsgId": "f1"}
eve gets the same
