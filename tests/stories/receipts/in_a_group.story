# A group's receipts say who has it and who has read it, the sender left out
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}", "${cid}"]} as g
ann says "hi" in ${g.chatId} as m1
bob sends receipts.mark {"chatId": "${g.chatId}", "read": "${m1.seq}"}
cid sends receipts.mark {"chatId": "${g.chatId}", "delivered": "${m1.seq}"}
ann gets receipts.update {"userId": "${bob}", "read": "${m1.seq}"}
ann gets receipts.update {"userId": "${cid}", "read": 0}
cid gets receipts.update {"userId": "${bob}"}
ann sends receipts.get {"chatId": "${g.chatId}", "seq": "${m1.seq}"}
ann gets ok {"deliveredCount": 2, "readBy": ["${bob}"], "readCount": 1}
