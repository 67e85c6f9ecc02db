# Two devices of one user may use the same clientMsgId, and a device keeps it over a reconnect
ann, bob connect
ann's phone connects
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
ann's phone sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
ann's phone gets ok {"seq": 2, "duplicate": false}
ann drops
ann reconnects
ann sends chat.send {"receiverId": "${bob}", "clientMsgId": "x", "type": "text", "content": {"text": "hi"}}
ann gets ok {"seq": 1, "duplicate": true}
