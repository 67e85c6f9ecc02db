# a scheduled message that was taken back on another device is not sent
ann, bob connect
ann's phone connects
ann sends  chat.schedule {"receiverId": "${bob}", "clientMsgId": "s1", "type": "text", "content": {"text": "oops"}, "sendAt": "${now+60s}"}
ann's phone sends chat.unschedule {"clientMsgId": "s1", "deviceId": "${ann.deviceId}"}
ann gets   chat.scheduling {"clientMsgId": "s1", "state": "unscheduled"}
clock      +90s
bob gets nothing
