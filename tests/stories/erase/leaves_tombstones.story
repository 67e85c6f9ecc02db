# Erasure ends all sessions, frees the profile and leaves tombstones under the senderId
ann, bob connect
ann's phone connects
ann says "my words" to bob as m1
bob says "hm" to ann
ann sends user.erase {"password": "wrong horse"}
ann gets error unauthenticated
ann sends user.erase {"password": "correct horse battery"}
ann, ann's phone are closed 4403
clock +5s
bob sends user.get {"userIds": ["${ann}"]}
bob gets ok {"users": []}
bob sends chat.history {"chatId": "${m1.chatId}", "limit": 200}
bob gets ok {"entries": [{"seq": 1, "senderId": "${ann}", "deleted": true, "content": "${none}"}, {"seq": 2, "content": {"text": "hm"}}, {"kind": "delete", "target": 1}]}
bob gets chat.message
bob gets chat.deleted {"target": 1}
eve connects without login
eve sends user.login {"username": "ann", "password": "correct horse battery"}
eve gets error unauthenticated
