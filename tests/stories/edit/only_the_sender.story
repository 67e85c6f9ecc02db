# Nobody but the sender edits a message, nor gives it another type's content
ann, bob connect
ann says "hi" to bob as m1
bob sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"text": "bye"}}
bob gets error forbidden
ann sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"blobId": "b"}}
ann gets error invalid_params
ann sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"text": "${16385 letters}"}}
ann gets error too_large
ann sends chat.edit {"chatId": "${m1.chatId}", "target": 9, "content": {"text": "x"}}
ann gets error not_found
bob gets nothing chat.edited
