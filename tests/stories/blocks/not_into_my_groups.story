# Nobody is put into a group by somebody they have blocked
ann, bob connect
ann sends group.create {"title": "Kitchen"} as g
bob sends user.block {"userId": "${ann}"}
ann sends group.add {"chatId": "${g.chatId}", "userIds": ["${bob}"]}
ann gets error forbidden
bob gets nothing
