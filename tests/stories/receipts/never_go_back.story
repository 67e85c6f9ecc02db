# A mark only grows, and saying it again tells nobody
ann, bob connect
3 times ann says "hi" to bob as m
bob sends receipts.mark {"chatId": "${m.chatId}", "read": 2}
ann gets receipts.update {"read": 2}
bob sends receipts.mark {"chatId": "${m.chatId}", "read": 1}
bob gets ok exactly {"delivered": 2, "read": 2}
ann gets nothing receipts.update
bob sends receipts.mark {"chatId": "${m.chatId}", "read": 4}
bob gets error invalid_params {"path": "/read"}
