# A message expires on time though the chat plugin was replaced
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {"text": "gone"}, "expiresIn": 5}
reload chat
clock +7s
bob gets chat.deleted {"target": 1, "senderId": null}
bob gets nothing chat.deleted
