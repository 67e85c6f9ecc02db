# An export holds what each part of the server has about the user, in one answer
ann, bob connect
bob sends group.create {"title": "Kitchen"} as g
bob sends group.update {"chatId": "${g.chatId}", "discoverable": true, "joinPolicy": "request"}
ann sends group.request {"chatId": "${g.chatId}", "text": "me too"}
ann says "my words" to bob
ann sends presence.set {"status": "away", "text": "gone"}
ann sends report.create {"userId": "${bob}", "reason": "other", "text": "hm"}
ann sends user.export {}
ann gets ok {"sections": {"user": {"username": "ann", "secondStep": 0}, "groups": {"requests": [{"chatId": "${g.chatId}", "text": "me too"}], "links": []}, "presence": {"status": "away", "text": "gone"}, "reports": [{"text": "hm"}], "devices": [{"deviceId": "${ann.deviceId}"}]}}
