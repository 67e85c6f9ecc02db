# A link that is over answers as one that never was
ann, bob connect
ann sends group.create {"title": "Kitchen"} as g
ann sends group.link {"chatId": "${g.chatId}", "expiresIn": 60} as link
ann forgets
bob sends group.join {"code": "nonsense"}
bob gets error not_found
clock +61s
bob sends group.join {"code": "${link.code}"}
bob gets the same
ann gets nothing
