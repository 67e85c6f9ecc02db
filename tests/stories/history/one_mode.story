# History takes one way to page and a limit of 1 to 200
ann, bob connect
ann says "hi" to bob as m
ann sends chat.history {"chatId": "${m.chatId}", "before": 2, "after": 0}
ann gets error invalid_params
ann sends chat.history {"chatId": "${m.chatId}", "limit": 0}
ann gets error invalid_params {"path": "/limit"}
ann sends chat.history {"chatId": "${m.chatId}", "limit": 201}
ann gets error invalid_params {"path": "/limit"}
