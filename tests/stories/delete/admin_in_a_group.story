# An admin deletes a member's message, a member not an admin's
ann, bob connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}"]} as g
bob says "spam" in ${g.chatId} as m1
ann says "order" in ${g.chatId} as m2
bob sends chat.delete {"chatId": "${g.chatId}", "target": "${m2.seq}"}
bob gets error forbidden
ann sends chat.delete {"chatId": "${g.chatId}", "target": "${m1.seq}"}
bob gets chat.deleted {"target": "${m1.seq}", "senderId": "${ann}"}
