# A group is found once it wants to be, and is like none to strangers before
ann, bob connect
ann sends group.create {"title": "Open kitchen"} as g
ann sends group.update {"chatId": "${g.chatId}", "joinPolicy": "open"}
bob sends group.discover {"query": "kitchen"}
bob gets ok {"groups": []}
bob sends group.request {"chatId": "gnothing"}
bob gets error not_found
bob sends group.request {"chatId": "${g.chatId}"}
bob gets the same
ann sends group.update {"chatId": "${g.chatId}", "discoverable": true}
bob sends group.discover {"query": "kitchen"}
bob gets ok {"groups": [{"chatId": "${g.chatId}", "title": "Open kitchen", "memberCount": 1, "joinPolicy": "open"}]}
bob sends group.request {"chatId": "${g.chatId}"}
bob gets ok {"joined": true}
bob says "hello" in ${g.chatId}
ann gets chat.message {"senderId": "${bob}"}
