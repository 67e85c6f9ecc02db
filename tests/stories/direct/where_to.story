# A message needs exactly one of chatId and receiverId, and somebody who exists
ann, bob connect
ann sends chat.open {"userId": "${bob}"} as chat
ann sends chat.send {"type": "text", "content": {"text": "hi"}}
ann gets error invalid_params
ann sends chat.send {"chatId": "${chat.chatId}", "receiverId": "${bob}", "type": "text", "content": {"text": "hi"}}
ann gets error invalid_params
ann sends chat.send {"receiverId": "u_nobody", "type": "text", "content": {"text": "hi"}}
ann gets error not_found
ann sends chat.open {"userId": "u_nobody"}
ann gets error not_found
bob gets nothing chat.message
