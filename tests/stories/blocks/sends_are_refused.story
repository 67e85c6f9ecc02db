# Who is blocked can't open a chat with, write to or react to the blocker, who can still read
ann, bob connect
ann says "hi" to bob as m1
bob sends user.block {"userId": "${ann}"}
ann says "please" to bob
ann gets error forbidden
ann sends chat.send {"chatId": "${m1.chatId}", "type": "text", "content": {"text": "please"}}
ann gets error forbidden
ann sends chat.open {"userId": "${bob}"}
ann gets error forbidden
bob gets chat.message {"content": {"text": "hi"}}
bob gets nothing
bob sends user.unblock {"userId": "${ann}"}
ann says "thanks" to bob
bob gets chat.message {"content": {"text": "thanks"}}
