# Unread counts the messages of others after my mark that are not deleted
ann, bob connect
3 times ann says "hi" to bob as m
bob says "ho" to ann
bob sends sync.pull {}
bob gets ok {"chats": [{"unread": 3}]}
bob sends receipts.mark {"chatId": "${m.chatId}", "read": 1}
ann sends chat.delete {"chatId": "${m.chatId}", "target": 2}
bob sends sync.pull {}
bob gets ok {"chats": [{"unread": 1}]}
