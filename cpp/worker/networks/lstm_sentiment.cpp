// This is LSTM-Sentiment of AI Benchmark: one LSTM of 1024 reads 1024 word vectors of 300, and its last output is told
// apart into two classes.
#include "worker/networks/lstm.hpp"

namespace impact::worker {
namespace {

class LstmSentiment final : public Network {
 public:
  explicit LstmSentiment(const BuildOptions& o) {
    lstm_ = register_module("lstm", std::make_shared<LstmLayer>(o, o.input.at(1), 1024));
    head_ = register_module("head", std::make_shared<Linear>(o, 1024, o.classes));
  }
  Tensor forward(const Tensors& in) override { return head_->forward(lstm_->forward(in.at(0)).h); }

 private:
  std::shared_ptr<LstmLayer> lstm_;
  std::shared_ptr<Linear> head_;
};

}  // namespace

NetworkSpec lstm_sentiment() {
  NetworkSpec s;
  s.name = "lstm-sentiment";
  s.title = "LSTM-Sentiment";
  s.task = "sequence";
  s.reference = "doi:10.1162/neco.1997.9.8.1735";
  s.input = {1024, 300};
  s.classes = 2;
  s.unit = "sequence";
  s.range = {-4.0, 4.0, false};
  s.build = [](const BuildOptions& o) { return std::make_shared<LstmSentiment>(o); };
  return s;
}

}  // namespace impact::worker
