# In a channel members read and only admins post
ann, bob connect
ann sends group.create {"title": "News", "kind": "channel", "memberIds": ["${bob}"]} as g
bob forgets
bob says "hi" in ${g.chatId}
bob gets error forbidden
ann says "news" in ${g.chatId} as m1
bob gets chat.message {"content": {"text": "news"}}
bob sends sync.pull {}
bob gets ok {"chats": [{"kind": "channel", "unread": 1}]}
bob sends chat.react {"chatId": "${g.chatId}", "target": "${m1.seq}", "emoji": "👍", "on": true}
ann gets chat.reaction {"senderId": "${bob}"}
ann sends group.role {"chatId": "${g.chatId}", "userId": "${bob}", "role": "admin"}
bob says "more news" in ${g.chatId}
ann gets chat.message {"content": {"text": "more news"}}
