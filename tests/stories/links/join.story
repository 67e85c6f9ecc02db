# A link lets a stranger in as often as it says
ann, bob, cid connect
ann sends group.create {"title": "Kitchen"} as g
ann sends group.link {"chatId": "${g.chatId}", "uses": 1} as link
ann forgets
bob sends group.join {"code": "${link.code}"}
bob gets ok exactly {"chatId": "${g.chatId}"}
ann gets group.changed {"change": {"action": "joined", "userId": "${bob}"}}
cid sends group.join {"code": "${link.code}"}
cid gets error not_found
bob says "hello" in ${g.chatId}
ann gets chat.message {"senderId": "${bob}"}
