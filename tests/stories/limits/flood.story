# A client that goes on through a hundred refusals is closed 4429, and others do not notice
host {"limits": true}
ann, bob connect
400 times ann notifies presence.watch {"userIds": []}
ann is closed 4429
bob sends session.list {}
bob is open
