# Muting is told to the own other devices and nobody else
ann, bob connect
ann's phone connects
ann says "hi" to bob as m1
ann's phone, bob forget
ann sends chat.mute {"chatId": "${m1.chatId}", "until": "${now+60s}"} as done
ann's phone gets chat.updated {"chatId": "${m1.chatId}", "muted": "${any}"}
ann, bob get nothing
ann's phone sends sync.pull {} as pull
bob sends sync.pull {}
bob gets ok {"chats": [{"muted": 0}]}
ann sends chat.mute {"chatId": "${m1.chatId}", "until": 0}
ann's phone gets chat.updated {"muted": 0}
