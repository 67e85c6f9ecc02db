# A listing in pages continues where it stopped
ann, bob, cid, dan connect
ann says "1" to bob as m1
clock +1s
ann says "2" to cid as m2
clock +1s
ann says "3" to dan as m3
ann sends sync.pull {"limit": 2} as page
ann gets ok {"chats": [{"chatId": "${m3.chatId}"}, {"chatId": "${m2.chatId}"}], "more": true}
ann sends sync.pull {"limit": 2, "cursor": "${page.cursor}"}
ann gets ok {"chats": [{"chatId": "${m1.chatId}"}], "more": false}
