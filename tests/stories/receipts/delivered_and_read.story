# Delivered and read marks reach the sender, and read implies delivered
ann, bob connect
bob's phone connects
ann says "hi" to bob as m1
bob sends receipts.mark {"chatId": "${m1.chatId}", "delivered": 1}
bob gets ok exactly {"delivered": 1, "read": 0}
ann gets receipts.update exactly {"chatId": "${m1.chatId}", "userId": "${bob}", "delivered": 1, "read": 0}
bob's phone gets receipts.update {"delivered": 1}
bob sends receipts.mark {"chatId": "${m1.chatId}", "read": 1}
ann gets receipts.update {"delivered": 1, "read": 1}
ann sends sync.pull {}
ann gets ok {"chats": [{"peerRead": 1, "peerDelivered": 1, "myRead": 0, "unread": 0}]}
bob sends sync.pull {}
bob gets ok {"chats": [{"myRead": 1, "myDelivered": 1, "unread": 0}]}
