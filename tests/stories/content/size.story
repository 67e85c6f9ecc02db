# Text of exactly the limit goes through and one byte more is too large
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {"text": "${16384 letters}"}}
bob gets chat.message {"content": {"text": "${16384 letters}"}}
ann sends chat.send {"receiverId": "${bob}", "type": "text", "content": {"text": "${16385 letters}"}}
ann gets error too_large {"path": "/content/text"}
bob gets nothing
