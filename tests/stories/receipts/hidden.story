# Who hides read receipts neither shows nor sees them, and own devices still agree
ann, bob connect
bob's phone connects
bob sends user.update {"privacy": {"readReceipts": false}}
ann says "hi" to bob as m1
bob sends receipts.mark {"chatId": "${m1.chatId}", "read": 1}
bob gets ok {"read": 1}
ann gets receipts.update {"delivered": 1, "read": 0}
bob's phone gets receipts.update {"read": 1}
bob says "ho" to ann
ann sends receipts.mark {"chatId": "${m1.chatId}", "read": 2}
bob gets receipts.update {"userId": "${ann}", "delivered": 2, "read": 0}
