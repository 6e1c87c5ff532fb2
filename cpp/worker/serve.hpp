#pragma once

namespace impact::worker {

// Is the whole worker: claims stdin and stdout for the protocol and answers until its parent is done.
int serve();

}  // namespace impact::worker
