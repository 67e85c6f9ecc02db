# The last owner can't leave, step down or be removed before handing over
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann sends group.leave {"chatId": "${g.chatId}"}
ann gets error conflict
ann sends group.role {"chatId": "${g.chatId}", "userId": "${ann}", "role": "member"}
ann gets error conflict
ann sends group.remove {"chatId": "${g.chatId}", "userIds": ["${ann}"]}
ann gets error conflict
ann sends group.role {"chatId": "${g.chatId}", "userId": "${bob}", "role": "owner"}
ann sends group.leave {"chatId": "${g.chatId}"}
bob sends group.members {"chatId": "${g.chatId}"}
bob gets ok {"members": [{"userId": "${bob}", "role": "owner"}]}
