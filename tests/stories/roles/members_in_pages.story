# The list of members comes in pages
ann, bob, cid connect
ann sends group.create {"title": "Kitchen", "memberIds": ["${bob}", "${cid}"]} as g
ann sends group.members {"chatId": "${g.chatId}", "limit": 2} as page
ann gets ok {"members": ["${any}", "${any}"], "more": true}
ann sends group.members {"chatId": "${g.chatId}", "limit": 2, "cursor": "${page.cursor}"}
ann gets ok {"members": ["${any}"], "more": false}
ann sends group.members {"chatId": "${g.chatId}", "cursor": "nonsense"}
ann gets error invalid_params {"path": "/cursor"}
