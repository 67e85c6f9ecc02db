# Who watches somebody learns what they choose to be
ann, bob connect
ann sends presence.watch {"userIds": ["${bob}", "u_nobody"]}
ann gets ok exactly {"users": [{"userId": "${bob}", "status": "online"}]}
bob sends presence.set {"status": "busy", "text": "lunch"}
ann gets presence.update exactly {"users": [{"userId": "${bob}", "status": "busy", "text": "lunch"}]}
bob sends presence.set {"status": "bored"}
bob gets error invalid_params {"path": "/status"}
