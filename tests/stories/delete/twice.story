# Deleting twice answers the first deletion again and tells nobody again
ann, bob connect
ann says "hi" to bob as m1
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
ann gets ok {"seq": 2}
bob gets chat.deleted
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
ann gets ok {"seq": 2}
bob gets nothing chat.deleted
