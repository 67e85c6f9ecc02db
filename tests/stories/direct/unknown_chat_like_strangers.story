# A stranger's chat answers in every way as one that does not exist
ann, bob, eve connect
ann says "hi" to bob as m1
eve sends chat.edit {"chatId": "nowhere", "target": 1, "content": {"text": "x"}}
eve gets error not_found
eve sends chat.edit {"chatId": "${m1.chatId}", "target": 1, "content": {"text": "x"}}
eve gets the same
eve sends chat.history {"chatId": "${m1.chatId}"}
eve gets the same
eve sends chat.mute {"chatId": "${m1.chatId}", "until": 0}
eve gets the same
eve sends receipts.mark {"chatId": "${m1.chatId}", "read": 1}
eve gets the same
eve sends typing.set {"chatId": "${m1.chatId}", "state": "typing"}
eve gets the same
eve sends group.members {"chatId": "${m1.chatId}"}
eve gets the same
eve sends group.leave {"chatId": "${m1.chatId}"}
eve gets the same
