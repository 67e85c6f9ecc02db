# in a chat that keeps a day nobody reads yesterday's message
host {"plugins": ["tests/specs/plugins"]}
ann, bob connect
ann says "yesterday" to bob as m1
ann sends  asker.ask {"export": "chat.set_retention", "args": {"chatId": "${m1.chatId}", "days": 1}}
bob gets   chat.updated {"chatId": "${m1.chatId}", "retentionDays": 1}
clock      +86500s
bob gets   chat.deleted {"target": "${m1.seq}", "senderId": null}
ann gets   chat.deleted {"target": "${m1.seq}", "senderId": null}
ann says "today" to bob
bob sends  chat.history {"chatId": "${m1.chatId}"}
bob gets   ok {"entries": [{"seq": 1, "deleted": true, "content": "${none}"}, {"seq": 2, "kind": "delete"}, {"seq": 3, "content": {"text": "today"}}]}
