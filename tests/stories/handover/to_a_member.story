# The owner hands the group over in one step and may go then
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
ann sends group.leave {"chatId": "${g.chatId}"}
ann gets error conflict
ann sends group.handover {"chatId": "${g.chatId}", "userId": "${bob}"}
bob gets group.changed {"change": {"action": "created"}}
bob gets group.changed {"change": {"action": "role", "userId": "${bob}", "role": "owner", "by": "${ann}"}}
bob gets group.changed {"change": {"action": "role", "userId": "${ann}", "role": "admin"}}
ann sends group.leave {"chatId": "${g.chatId}"}
bob gets group.changed {"change": {"action": "left", "userId": "${ann}"}}
bob sends group.update {"chatId": "${g.chatId}", "slowModeS": 5}
