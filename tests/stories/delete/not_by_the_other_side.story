# The other side of a direct chat can't delete my message
ann, bob connect
ann says "hi" to bob as m1
bob sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
bob gets error forbidden
ann gets nothing
