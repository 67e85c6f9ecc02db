# a scheduled message comes once, at its time, from who scheduled it
ann, bob connect
ann's phone connects
ann sends  chat.schedule {"receiverId": "${bob}", "clientMsgId": "s1", "type": "text", "content": {"text": "good morning"}, "sendAt": "${now+60s}"} as s1
ann's phone gets chat.scheduling {"clientMsgId": "s1", "state": "scheduled"}
clock      +30s
bob gets nothing
ann's phone sends chat.scheduled {}
ann's phone gets ok {"scheduled": [{"clientMsgId": "s1", "content": {"text": "good morning"}}]}
clock      +32s
bob gets   chat.message {"senderId": "${ann}", "content": {"text": "good morning"}, "clientMsgId": "s1"}
ann gets   chat.message {"clientMsgId": "s1"}
ann sends  chat.scheduled {}
ann gets   ok {"scheduled": []}
clock      +60s
bob gets nothing
