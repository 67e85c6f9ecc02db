# Who is banned is out and stays out until they are unbanned
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
bob forgets
ann sends group.ban {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
bob gets group.changed {"change": {"action": "banned", "userId": "${bob}"}}
ann sends group.add {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
ann gets error forbidden
ann sends group.link {"chatId": "${g.chatId}"} as link
bob sends group.join {"code": "${link.code}"}
bob gets error forbidden
ann sends group.unban {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
bob sends group.join {"code": "${link.code}"}
bob gets ok {"chatId": "${g.chatId}"}
