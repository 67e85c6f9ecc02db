# Two people have one chat, whoever opens it first
ann, bob connect
ann sends chat.open {"userId": "${bob}"} as a
bob sends chat.open {"userId": "${ann}"} as b
bob gets ok exactly {"chatId": "${a.chatId}"}
bob says "hi" to ann as m1
bob gets ok {"chatId": "${a.chatId}", "seq": 1}
