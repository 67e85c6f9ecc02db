# Who is declined hears so and stays outside
ann, cid connect
ann sends group.create {"title": "Kitchen"} as g
ann sends group.update {"chatId": "${g.chatId}", "discoverable": true, "joinPolicy": "request"}
cid sends group.request {"chatId": "${g.chatId}"}
ann sends group.decide {"chatId": "${g.chatId}", "userId": "${cid}", "approve": false}
cid gets group.decided {"approved": false}
ann says "who was that" in ${g.chatId}
cid gets nothing
