# A message deleted before it expires is deleted once
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {"text": "gone"}, "expiresIn": 5} as m1
ann sends chat.delete {"chatId": "${m1.chatId}", "target": 1}
bob gets chat.deleted
clock +10s
bob gets nothing chat.deleted
