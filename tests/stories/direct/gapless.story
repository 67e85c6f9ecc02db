# Each entry of a chat takes the next seq, whoever writes it
ann, bob connect
ann says "1" to bob as m1
bob says "2" to ann
bob gets ok {"seq": 2}
ann sends chat.react {"chatId": "${m1.chatId}", "target": 2, "emoji": "👍", "on": true}
ann gets ok {"seq": 3}
bob says "4" to ann
bob gets ok {"seq": 4}
