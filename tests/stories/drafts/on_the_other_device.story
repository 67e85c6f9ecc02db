# a draft follows its writer to the other device and is told to nobody else
ann, bob connect
ann's phone connects
ann says "hi" to bob as m1
ann, ann's phone, bob forget
ann sends  chat.draft {"chatId": "${m1.chatId}", "text": "by the w"}
ann's phone gets chat.updated {"chatId": "${m1.chatId}", "draft": {"text": "by the w"}}
bob gets nothing
ann's phone sends sync.pull {}
ann's phone gets ok {"chats": [{"draft": {"text": "by the w"}}]}
bob sends  sync.pull {}
bob gets   ok {"chats": [{"draft": "${none}"}]}
ann's phone sends chat.draft {"chatId": "${m1.chatId}", "text": null}
ann gets   chat.updated {"chatId": "${m1.chatId}", "draft": null}
ann sends  sync.pull {}
ann gets   ok {"chats": [{"draft": "${none}"}]}
