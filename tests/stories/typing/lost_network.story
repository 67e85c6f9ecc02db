# r214: a phone that lost its network stops "writing"
ann, bob connect
ann sends  chat.open {"userId": "${bob}"} as chat
ann notifies typing.set {"chatId": "${chat.chatId}", "state": "typing"}
bob gets   typing.update {"userId": "${ann}", "state": "typing"}
ann drops
clock      +7s
bob gets   typing.update {"userId": "${ann}", "state": "idle"}
