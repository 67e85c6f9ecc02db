# A message reaches every other open session of both sides, and not the one that sent it
ann, bob connect
ann's phone, bob's phone connect
ann says "hi" to bob as m1
ann gets ok {"seq": 1, "duplicate": false, "messageId": "${any}", "sentAt": "${now}"}
ann's phone, bob, bob's phone get chat.message {"chatId": "${m1.chatId}", "seq": 1, "kind": "message", "messageId": "${m1.messageId}", "senderId": "${ann}", "deviceId": "${ann.deviceId}", "type": "text", "content": {"text": "hi"}}
ann gets nothing
