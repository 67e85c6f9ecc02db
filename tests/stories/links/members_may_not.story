# Only admins make links, unless members may
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
bob sends group.link {"chatId": "${g.chatId}"}
bob gets error forbidden
ann sends group.update {"chatId": "${g.chatId}", "permissions": {"link": "members"}}
bob sends group.link {"chatId": "${g.chatId}"}
bob gets ok {"code": "${any}"}
