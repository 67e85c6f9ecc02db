# Who does not want to be disturbed says so to their own devices and nobody else, until it ends
ann, bob connect
bob's phone connects
ann sends presence.watch {"userIds": ["${bob}"]}
bob sends presence.set {"status": "busy", "text": "deep work", "until": "${now+60s}", "doNotDisturb": true}
bob's phone gets presence.chosen {"status": "busy", "text": "deep work", "doNotDisturb": true}
ann gets presence.update exactly {"users": [{"userId": "${bob}", "status": "busy", "text": "deep work"}]}
ann gets nothing
clock +61s
bob's phone sends presence.get {}
bob's phone gets ok exactly {"status": "online", "doNotDisturb": false}
