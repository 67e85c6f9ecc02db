# Who is blocked does not see what the blocker reads, and does again after the block
ann, bob connect
ann says "one" to bob as m1
bob sends user.block {"userId": "${ann}"}
bob sends receipts.mark {"chatId": "${m1.chatId}", "read": 1}
bob gets ok {"read": 1}
ann gets receipts.update {"delivered": 1, "read": 0}
ann sends sync.pull {}
ann gets ok {"chats": [{"chatId": "${m1.chatId}", "peerRead": 0}]}
bob sends user.unblock {"userId": "${ann}"}
ann says "two" to bob
bob sends receipts.mark {"chatId": "${m1.chatId}", "read": 2}
ann gets receipts.update {"read": 2}
