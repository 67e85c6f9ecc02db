# The same clientMsgId with other content is a conflict, and nothing is written
ann, bob connect
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}} as m1
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "ho"}}
ann gets error conflict
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}, "expiresIn": 9}
ann gets error conflict
ann says "next" to bob
ann gets ok {"seq": 2}
